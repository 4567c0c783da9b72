/**
 * Probes are programs inside the pods, started by kubectl: the lab itself never enters a pod's namespace. Open means
 * that the server's own bytes came back; closed means that they did not within the time-out.
 */
import type { Kubectl } from '../kubectl.ts';
import type { Reach, SamplePod } from './matrix.ts';

const TIMEOUT_SECONDS = 3;

/**
 * One process in the source pod tries all targets at once, so that the closed ones cost one time-out together.
 * @returns the reach of each target by its name.
 */
export async function probeAll(
  kubectl: Kubectl,
  source: SamplePod,
  targets: readonly SamplePod[],
): Promise<ReadonlyMap<string, Reach>> {
  const script = targets
    .map(
      ({ name, address, port }) =>
        `{ got=$(nc -w ${TIMEOUT_SECONDS} ${address} ${port} </dev/null 2>/dev/null); echo "${name}=$got"; } &`,
    )
    .join('\n');
  const { stdout } = await kubectl(['exec', source.name, '--', 'sh', '-c', `${script}\nwait`]);
  const answers = new Map(
    stdout
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).trim()] as const),
  );
  return new Map(
    targets.map(({ name }) => {
      const answer = answers.get(name);
      if (answer === undefined) throw new Error(`the probe in ${source.name} did not report on ${name}: "${stdout}"`);
      // A server answers with its own pod's name: an answer of another would be a delivery to the wrong pod.
      if (answer !== '' && answer !== name) throw new Error(`${source.name} asked ${name} and ${answer} answered`);
      return [name, answer === name ? 'open' : 'closed'];
    }),
  );
}

/** Asks one target again and again until it is as wished; each try is a new connection. */
export async function waitForReach(options: {
  readonly kubectl: Kubectl;
  readonly source: SamplePod;
  readonly target: SamplePod;
  readonly reach: Reach;
  /** Tries of one second at most each, with 0.1 s between them; the last one's failure is an error. */
  readonly tries: number;
}): Promise<void> {
  const { kubectl, source, target, reach, tries } = options;
  const isOpen = `[ "$(nc -w 1 ${target.address} ${target.port} </dev/null 2>/dev/null)" = "${target.name}" ]`;
  const wished = reach === 'open' ? isOpen : `! ${isOpen}`;
  const script = `i=0; while [ $i -lt ${tries} ]; do if ${wished}; then echo reached; exit 0; fi; i=$((i+1)); sleep 0.1; done; echo kept`;
  const { stdout } = await kubectl(['exec', source.name, '--', 'sh', '-c', script]);
  if (stdout.trim() !== 'reached') {
    throw new Error(`${source.name} → ${target.name}:${target.port} did not become ${reach} in ${tries} tries`);
  }
}
