/** What a sample server says: over HTTP who it is and who asked, over TCP and UDP whatever it is told. */
import { type Socket as UdpSocket, createSocket } from 'node:dgram';
import { type Server as HttpServer, createServer as createHttpServer } from 'node:http';
import { type Server as TcpServer, createServer as createTcpServer } from 'node:net';

/** Not yet listening. `name` is the pod's. */
export const httpServer = (name: string): HttpServer =>
  createHttpServer((request, response) => {
    const { localAddress, remoteAddress } = request.socket;
    const { method, url, headers } = request;
    response.setHeader('content-type', 'application/json');
    response.end(
      `${JSON.stringify({ pod: name, address: localAddress, from: remoteAddress, method, url, headers })}\n`,
    );
  });

export const tcpEchoServer = (): TcpServer =>
  createTcpServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });

/** Not yet bound. */
export function udpEchoServer(): UdpSocket {
  const socket = createSocket('udp4');
  // Whoever does not listen any more gets no answer.
  return socket.on('message', (message, from) => socket.send(message, from.port, from.address, () => undefined));
}
