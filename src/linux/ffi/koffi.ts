/**
 * The only import of koffi. A wrong pointer here ends the process, so nothing outside this folder sees one: libc and
 * libnftables are offered as functions over numbers, texts and byte arrays.
 */
import koffi, { type LibraryHandle } from 'koffi';

const MIB = 1024 * 1024;

/** koffi runs a callee on its own stack; libnftables recurses deep in large rulesets, and overflows without a word. */
const stacks = { sync_stack_size: 16 * MIB, async_stack_size: 8 * MIB };

// It can be set only before the first library is loaded; a second evaluation of this file finds it set.
if ((koffi.config().sync_stack_size ?? 0) < stacks.sync_stack_size) koffi.config(stacks);

/** `undefined` for what the process itself already holds, libc among it. */
export const loadLibrary = (name: string | undefined): LibraryHandle => koffi.load(name ?? null);

/** Of the last call on this thread: to be read at once after it. */
export const lastErrno = (): number => koffi.errno();

/** Of bytes that the callee finds through other bytes; whoever takes it keeps them referenced until the call is over. */
export const addressOf = (bytes: Uint8Array): bigint => koffi.address(bytes);

type Call = (...args: never[]) => unknown;
export type LibraryFunction<F extends Call> = F & {
  readonly async: (...args: [...Parameters<F>, (error: Error | null, result: ReturnType<F>) => void]) => void;
};

/** Calls on a thread of Node's pool, whose errno cannot be read. The arguments are kept until then. */
export const onThreadPool = async <F extends Call>(
  call: LibraryFunction<F>,
  ...args: Parameters<F>
): Promise<ReturnType<F>> =>
  new Promise((resolve, reject) => {
    call.async(...args, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
