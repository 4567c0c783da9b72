/** The cloud in this process: for `main.ts`, and for tests with whatever network they give it. */
import { lab } from '../names.ts';
import { type Clock, systemClock } from './clock.ts';
import { createControl } from './engine/control.ts';
import { createEngine } from './engine/engine.ts';
import { FaultScript } from './engine/faults.ts';
import { type ServeOptions, serveEc2 } from './engine/http-server.ts';
import { openJournal } from './engine/journal.ts';
import { type LatencyName, latencyProfiles } from './engine/latency.ts';
import type { HttpServer } from './engine/listen.ts';
import { seededRandom } from './engine/random.ts';
import { serveDns } from './dns/dns-server.ts';
import { createAuthorise } from './iam/authorise.ts';
import type { AccessKey } from './iam/policy.ts';
import { serveImds } from './imds/imds-server.ts';
import { createTokens } from './imds/tokens.ts';
import { type Log, silentLog } from './log.ts';
import { type Network, noNetwork } from './network/network.ts';
import type { OutsideServices } from './network/outside.ts';
import { type Quotas, defaultQuotas } from './state/context.ts';
import { Draft } from './state/draft.ts';
import { seedState } from './state/random.ts';

export interface StartCloudOptions {
  /** Required. Of ids, MAC addresses and delays; the state's own seed is kept where there is one. */
  readonly seed: string;
  /** Default: loopback, a free port. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** Default: in memory only, gone with the process. */
  readonly stateDir?: string;
  /** Default: none, so instances have no namespaces and no packets. It may serve calls at sockets of its own. */
  readonly network?: (services: OutsideServices) => Network;
  /** Default `fast`. */
  readonly latency?: LatencyName;
  /** Default false: EC2's token buckets are not applied. */
  readonly throttle?: boolean;
  /** Default 0: every describe call sees all that was done before it. In EC2 some are seconds behind. */
  readonly longestLagMs?: number;
  /** Default: any key may do anything. By access key id; signatures are checked then. */
  readonly accessKeys?: ReadonlyMap<string, AccessKey>;
  /** Default: the hop limit of metadata tokens is not kept. */
  readonly setTtl?: (fd: number, ttl: number) => void;
  /** Default: EC2's own. */
  readonly quotas?: Partial<Quotas>;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: silent. */
  readonly log?: Log;
}

export interface Cloud {
  /** `http://127.0.0.1:4566` */
  readonly endpoint: string;
  /** Faults to come. */
  readonly faults: FaultScript;
  close(): Promise<void>;
}

export async function startCloud(options: StartCloudOptions): Promise<Cloud> {
  const { seed, listen = { host: '127.0.0.1', port: 0 }, clock = systemClock, log = silentLog } = options;
  const journal = openJournal({ dir: options.stateDir });
  if (journal.state.get('counters', 'ids') === undefined) {
    const draft = new Draft(journal.state);
    seedState(draft, seed);
    journal.commit(draft.changes);
  }
  const servers = new Set<Pick<HttpServer, 'close'>>();
  const serve = async (serving: Omit<ServeOptions, 'engine'>): Promise<HttpServer> => {
    const server = await serveEc2({ engine, ...serving });
    servers.add(server);
    return server;
  };
  const nowMs = (): number => clock.nowMs();
  const tokens = createTokens(nowMs);
  const imds: OutsideServices['imds'] = async (vpc, where) => {
    const { region, account } = lab;
    const server = await serveImds({
      view: journal.state,
      vpc,
      tokens,
      region,
      account,
      nowMs,
      where,
      setTtl: options.setTtl,
    });
    servers.add(server);
    return server;
  };
  const dns: OutsideServices['dns'] = async (vpc, where) => {
    const server = await serveDns({ view: journal.state, vpc, region: lab.region, ...where });
    servers.add(server);
    return server;
  };
  const faults = new FaultScript();
  const engine = createEngine({
    journal,
    network: options.network?.({ ec2: (where) => serve({ where }), imds, dns }) ?? noNetwork,
    latency: latencyProfiles[options.latency ?? 'fast'],
    throttle: options.throttle ?? false,
    longestLagMs: options.longestLagMs ?? 0,
    faults,
    iam:
      options.accessKeys === undefined
        ? undefined
        : createAuthorise({ keys: options.accessKeys, region: lab.region, account: lab.account, nowMs }),
    clock,
    random: seededRandom(seed),
    log,
    region: lab.region,
    zones: ['a', 'b', 'c'].map((letter) => `${lab.region}${letter}`),
    account: lab.account,
    quotas: { ...defaultQuotas, ...options.quotas },
  });
  engine.start();
  const server = await serve({ where: listen, control: createControl(faults) });
  return {
    faults,
    endpoint: `http://${listen.host}:${server.port}`,
    async close() {
      await Promise.all([...servers].map((each) => each.close()));
      engine.close();
      journal.close();
    },
  };
}
