// What Node's parser refuses before there is a request: answered with a problem too, and the connection closed. Put onto
// each server by its root.
import { STATUS_CODES, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { problems, type AppError } from '../errors.ts';
import { newId } from '../ids.ts';
import { problemBody } from './problem.ts';

function refusalOf(code: string | undefined): AppError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return problems.headersTooLarge();
  }
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? problems.timeout() : problems.malformed();
}

function answer(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = refusalOf(error.code);
  const { status } = refusal.problem;
  const requestId = newId();
  const body = JSON.stringify(problemBody(refusal, { path: '/', requestId }));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Makes a server answer what is no request, or one with too long headers, as any other refusal is answered. */
export function answerBrokenRequests(server: Server): void {
  server.on('clientError', answer);
}
