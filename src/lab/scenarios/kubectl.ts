/** kubectl as the scenarios use it: the real program, whatever cluster it points at. */

export interface KubectlResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export type RunKubectl = (args: readonly string[], options?: { readonly input?: string }) => Promise<KubectlResult>;

/** As {@link RunKubectl}, but a failure is an error that carries kubectl's own words. */
export type Kubectl = (
  args: readonly string[],
  options?: { readonly input?: string },
) => Promise<{ readonly stdout: string }>;

export const strictKubectl =
  (run: RunKubectl): Kubectl =>
  async (args, options) => {
    const { stdout, stderr, code } = await run(args, options);
    if (code !== 0) throw new Error(`kubectl ${args.slice(0, 4).join(' ')} ended with ${code}: ${stderr.trim()}`);
    return { stdout };
  };

/** The JSON that `kubectl get -o json` prints; the caller names the fields that it reads. */
export async function getJson<T>(kubectl: Kubectl, args: readonly string[]): Promise<T> {
  const { stdout } = await kubectl(['get', ...args, '-o', 'json']);
  return JSON.parse(stdout) as T;
}
