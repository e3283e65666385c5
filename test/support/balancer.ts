// A balancer as an operator would put before the APIs: sends requests and sockets to those that say they are ready, keeps
// connections to them alive, and repeats nothing. Called by test/e2e.
import { Agent, createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

const lookMs = 100;

/** A running balancer. */
export interface Balancer {
  readonly url: string;
  /** Targets that say they are ready now. */
  ready(): readonly string[];
  /** Requests that a target broke off, and those no target was ready for. */
  readonly failed: string[];
  close(): Promise<void>;
}

/** Starts a balancer over these addresses, which are asked for anew whenever it looks. */
export async function startBalancer(targets: () => readonly string[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const failed: string[] = [];
  const pipes = new Set<Duplex>();
  let ready: string[] = [];
  let turn = 0;
  const look = async (): Promise<void> => {
    const known = await Promise.all(targets().map(async (target) => ((await isReady(target)) ? [target] : [])));
    ready = known.flat();
  };
  const next = (): URL | undefined => {
    turn += 1;
    const target = ready[turn % ready.length];
    return target === undefined ? undefined : new URL(target);
  };
  const server = createServer((request, response) => {
    const target = next();
    if (!target) {
      failed.push(`${request.method} ${request.url}: nobody is ready`);
      response.writeHead(502).end();
      return;
    }
    pass(request, response, target, agent, (reason) => failed.push(`${request.method} ${request.url}: ${reason}`));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const target = next();
    if (!target) {
      socket.destroy();
      return;
    }
    const upstream = tunnel(request, socket, head, target);
    for (const end of [socket, upstream]) {
      pipes.add(end);
      end.once('close', () => pipes.delete(end));
    }
  });
  await look();
  const timer = setInterval(() => void look(), lookMs);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ready: () => ready,
    failed,
    close: async () => {
      clearInterval(timer);
      agent.destroy();
      pipes.forEach((end) => end.destroy());
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function isReady(target: string): Promise<boolean> {
  try {
    const answer = await fetch(`${target}/api/health/ready`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(2_000),
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  target: URL,
  agent: Agent,
  broke: (reason: string) => void,
): void {
  const headers = { ...request.headers };
  delete headers.connection;
  const upstream = ask({
    host: target.hostname,
    port: target.port,
    method: request.method,
    path: request.url,
    headers,
    agent,
  });
  upstream.on('response', (answer) => {
    const answered = { ...answer.headers };
    delete answered.connection;
    delete answered['keep-alive'];
    response.writeHead(answer.statusCode ?? 502, answered);
    answer.pipe(response);
  });
  upstream.on('error', (error) => {
    broke(error.message);
    if (response.headersSent) {
      response.destroy();
    } else {
      response.writeHead(502).end();
    }
  });
  request.pipe(upstream);
}

/** Carries a socket's bytes both ways. */
function tunnel(request: IncomingMessage, socket: Duplex, head: Buffer, target: URL): Socket {
  const upstream = connect(Number(target.port), target.hostname, () => {
    const pairs = Array.from({ length: request.rawHeaders.length / 2 }, (_, index) =>
      request.rawHeaders.slice(index * 2, index * 2 + 2).join(': '),
    );
    upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${pairs.join('\r\n')}\r\n\r\n`);
    upstream.write(head);
    socket.pipe(upstream).pipe(socket);
  });
  upstream.on('error', () => socket.destroy());
  socket.on('error', () => upstream.destroy());
  upstream.once('close', () => socket.destroy());
  socket.once('close', () => upstream.destroy());
  return upstream;
}
