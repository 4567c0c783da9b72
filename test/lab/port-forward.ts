/** `kubectl port-forward`: what a server says to a connection through it. */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';

export async function sayThroughPortForward(
  kubectl: string,
  options: { readonly target: string; readonly port: number; readonly kubeconfig: string },
): Promise<string> {
  const child = spawn(kubectl, ['port-forward', options.target, `:${options.port}`], {
    env: { ...process.env, KUBECONFIG: options.kubeconfig },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    return await said(await forwardedPort(child.stdout));
  } finally {
    child.kill('SIGKILL');
  }
}

const forwardedPort = (stdout: NodeJS.ReadableStream): Promise<number> =>
  new Promise((resolve, reject) => {
    let text = '';
    stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const port = /127\.0\.0\.1:(\d+) ->/.exec(text)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    stdout.on('end', () => reject(new Error(`kubectl port-forward ended: ${text}`)));
  });

const said = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = '';
    connect(port, '127.0.0.1')
      .setEncoding('utf8')
      .on('data', (chunk: string) => (text += chunk))
      .on('error', reject)
      .on('end', () => resolve(text.trim()));
  });
