/** A lab as a user starts it, a process of its own, and the verbs that speak to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

import { labFolders } from '../../src/lab/folders.ts';
import { type Kubectl, type RunKubectl, strictKubectl } from '../../src/lab/scenarios/kubectl.ts';
import { type RunOptions, type RunResult, run } from '../../src/lab/supervisor/run.ts';
import { processMark } from './traces.ts';

export const root = join(import.meta.dirname, '../..');
const main = ['--disable-warning=ExperimentalWarning', join(root, 'src/cli/main.ts'), 'lab'];

export interface LabProcess {
  readonly name: string;
  readonly child: ChildProcess;
  /** Resolves when it says that it keeps running; rejects, with all that it has said, when it ends before. */
  readonly started: Promise<void>;
  /** `lab --name NAME VERB…`, in another process. */
  verb(...args: readonly string[]): Promise<RunResult>;
  /** As {@link verb}; a failure is an error. */
  ok(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Any program that reads KUBECONFIG: kubectl of the lab by default. */
  readonly runKubectl: RunKubectl;
  readonly kubectl: Kubectl;
}

/** @param args further options of `lab`. */
export function startLabProcess(name: string, args: readonly string[]): LabProcess {
  const child = spawn(process.execPath, [...main, '--name', name, ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...processMark(name) },
  });
  const verb = (verbArgs: readonly string[], options?: RunOptions): Promise<RunResult> =>
    run(process.execPath, [...main, '--name', name, ...verbArgs], options);
  const { kubeconfig, binDir } = labFolders(name);
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const runKubectl: RunKubectl = (kubectlArgs, { input = '' } = {}) =>
    run(join(binDir, 'kubectl'), kubectlArgs, { input, env });
  return {
    name,
    child,
    started: whenStarted(child),
    verb: (...verbArgs) => verb(verbArgs),
    async ok(verbArgs, options) {
      const { stdout, stderr, code } = await verb(verbArgs, options);
      if (code !== 0) throw new Error(`lab ${verbArgs.join(' ')} ended with ${code}: ${stderr}`);
      return stdout;
    },
    runKubectl,
    kubectl: strictKubectl(runKubectl),
  };
}

/** `lab reap`, as a user runs it. */
export const reapLabs = (): Promise<RunResult> => run(process.execPath, [...main, 'reap']);

export const exited = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once('exit', resolve));

function whenStarted(child: ChildProcess): Promise<void> {
  let said = '';
  const started = new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('The lab keeps running')) resolve();
    });
    child.on('exit', (code, signal) => reject(new Error(`the lab ended (${code ?? signal}) and said:\n${said}`)));
  });
  // Whoever kills it does not wait for it.
  started.catch(() => undefined);
  return started;
}
