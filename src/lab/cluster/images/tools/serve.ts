/** The image's server: HTTP on HTTP_PORT (8080), TCP and UDP echo on ECHO_PORT (7). */
import { hostname } from 'node:os';

import { httpServer, tcpEchoServer, udpEchoServer } from './servers.ts';

const { HTTP_PORT = '8080', ECHO_PORT = '7' } = process.env;

httpServer(hostname()).listen(Number(HTTP_PORT));
tcpEchoServer().listen(Number(ECHO_PORT));
udpEchoServer().bind(Number(ECHO_PORT));
// The first process of a container has no default reaction to signals.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0));
