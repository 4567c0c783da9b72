import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { systemClock } from './clock.ts';
import { createEngine } from './engine/engine.ts';
import { FaultScript } from './engine/faults.ts';
import { openJournal } from './engine/journal.ts';
import { latencyProfiles } from './engine/latency.ts';
import { seededRandom } from './engine/random.ts';
import { silentLog } from './log.ts';
import { loadEc2Model } from './model/ec2-model.ts';
import { noNetwork } from './network/network.ts';
import { startCloud } from './start-cloud.ts';
import { defaultQuotas } from './state/context.ts';
import { Draft } from './state/draft.ts';
import { seedState } from './state/random.ts';
import { tableNames } from './state/tables.ts';
import { CloudModel, makeInterface, runInstance, sampleVpc } from './testing/cloud-model.ts';
import { mangledRequest } from './testing/mangled-requests.ts';

const requests = Number(process.env['FUZZ_REQUESTS'] ?? 2000);

it(`answers ${requests} mangled requests in EC2’s words, and a restart reads back what they left`, async () => {
  const seed = process.env['FUZZ_SEED'] ?? randomBytes(4).toString('hex');
  const random = seededRandom(seed);
  const dir = mkdtempSync(join(tmpdir(), 'brlt-fuzz-'));
  const journal = openJournal({ dir, slack: 50 });
  const model = loadEc2Model();
  const sample = new CloudModel();
  const { subnet } = sampleVpc(sample);
  runInstance(sample, subnet);
  makeInterface(sample, subnet);
  const draft = new Draft(journal.state);
  seedState(draft, seed);
  for (const table of tableNames) {
    for (const value of sample.state.all(table)) if (table !== 'counters') draft.put(table, value as never);
  }
  journal.commit(draft.changes);
  const engine = createEngine({
    journal,
    network: noNetwork,
    latency: latencyProfiles.fast,
    throttle: false,
    longestLagMs: 0,
    faults: new FaultScript(),
    iam: undefined,
    clock: { ...systemClock, sleep: () => Promise.resolve() },
    random,
    log: silentLog,
    region: 'us-west-2',
    zones: ['us-west-2a'],
    account: '111122223333',
    quotas: defaultQuotas,
  });
  const everything = () => tableNames.map((table) => [...journal.state.all(table)]);
  const statuses = new Map<number, number>();
  for (let count = 0; count < requests; count++) {
    const ids = everything().flatMap((table) => table.map((each) => each.id));
    const parameters = mangledRequest({ model, random, ids });
    const outcome = await engine.answer(() => ({
      parameters: new Map(parameters),
      caller: { accessKeyId: 'AKIAEXAMPLE', signed: { method: 'POST', url: '/', headers: {}, body: '' } },
    }));
    if (typeof outcome === 'string') throw new Error(outcome);
    const { status, body } = outcome;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    expect(status, `seed ${seed}, request ${count}: ${JSON.stringify(parameters).slice(0, 2000)}`).toBeLessThan(500);
    expect(body.startsWith('<?xml')).toBe(true);
  }
  // Else it is the refusal of nonsense alone that has been proved.
  expect(statuses.get(200) ?? 0).toBeGreaterThan(requests / 10);
  const before = JSON.stringify(everything());
  journal.close();
  const again = openJournal({ dir });
  expect(JSON.stringify(tableNames.map((table) => [...again.state.all(table)]))).toBe(before);
  again.close();
  engine.close();
  rmSync(dir, { recursive: true });
});

it('outlives what is not even HTTP', async () => {
  const cloud = await startCloud({ seed: 'x' });
  const { port, hostname } = new URL(cloud.endpoint);
  const send = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write(text));
      socket.on('close', () => resolve());
      socket.on('error', () => resolve());
      socket.on('data', () => socket.destroy());
      socket.setTimeout(300, () => socket.destroy());
    });
  await Promise.all([
    send('\u0016\u0003\u0001\u0000'),
    send('GET / HTTP/1.1\r\nHost: a\r\n'),
    send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nAction'),
    send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n'),
    send(`GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`),
  ]);
  expect((await fetch(`${cloud.endpoint}/?Action=%E0%A4%A`)).status).toBe(401);
  await cloud.close();
});
