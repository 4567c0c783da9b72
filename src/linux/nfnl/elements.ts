/** One atomic transaction of changes of elements and chains. */
import { errno } from '../errno.ts';
import { KernelError } from '../errors.ts';
import type { NetlinkSocket, Outcome } from '../netlink/socket.ts';
import type { SetChange } from '../port.ts';
import { getWhole, isChain, type Removal, setMessages } from './element-messages.ts';
import { transaction } from './message.ts';

type ElementSocket = Pick<NetlinkSocket, 'batch' | 'request'>;
type Changes = readonly SetChange[];

/** How this kernel removes what may be absent; kernels before 6.3 show at the first removal that they are older. */
let removal: Removal = 'destroy';

export function changeElements(socket: ElementSocket, changes: Changes): void {
  let wanted = changes;
  while (wanted.length > 0) {
    const { failures, failed } = attempt(socket, wanted);
    const [first] = failures;
    if (first === undefined) return;
    const onlyRemovals = failed.size > 0 && [...failed].every(({ op }) => op === 'remove' || op === 'remove-chain');
    const all = (number: number): boolean => onlyRemovals && failures.every((failure) => failure.errno === number);
    if (removal === 'destroy' && all(errno.EINVAL)) removal = 'delete';
    // The kernel judges every message of a batch even after one has failed: this is all that is absent.
    else if (removal === 'delete' && all(errno.ENOENT)) wanted = withoutAbsent(socket, wanted, failed);
    else throw refusal(first, [...failed][0] ?? wanted[0]);
  }
}

function attempt(
  socket: ElementSocket,
  changes: Changes,
): { readonly failures: readonly Outcome[]; readonly failed: ReadonlySet<SetChange> } {
  const messages = setMessages(changes, removal);
  const failures = socket.batch(transaction(messages.map(({ bytes }) => bytes)));
  // The transaction's own first message comes before ours.
  return { failures, failed: new Set(failures.flatMap(({ at }) => messages[at - 1]?.changes ?? [])) };
}

/** An absent set answers as an absent element does, but is no success. */
function withoutAbsent(socket: ElementSocket, changes: Changes, absent: ReadonlySet<SetChange>): Changes {
  const wholeOf = (one: SetChange): string => (isChain(one) ? one.table : `${one.table} ${one.set}`);
  for (const change of new Map([...absent].map((one) => [wholeOf(one), one])).values()) {
    const answer = socket.request(getWhole(change));
    if (answer.errno !== 0) throw refusal(answer, change);
  }
  return changes.filter((change) => !absent.has(change));
}

function refusal({ errno: number, text }: Outcome, change: SetChange | undefined): KernelError {
  if (change === undefined) {
    return new KernelError({ errno: number, operation: 'change-elements', object: 'transaction', text });
  }
  const [operation, name] = isChain(change) ? [change.op, change.chain] : [`${change.op}-element`, change.set];
  return new KernelError({ errno: number, operation, object: `${change.table} ${name}`, text });
}
