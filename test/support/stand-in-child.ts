// Stands in for the API (`serve`, `crash`) and the workers (`wait`) under test/support/stand-in-start.ts: the same
// messages and the same answers to signals, no product.
import { createServer } from 'node:http';

const behaviour = process.argv[2];
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const server = createServer((_request, response) =>
  response.end(JSON.stringify({ mongoUrl: process.env['MONGO_URL'] })),
);

process.on('disconnect', () => process.exit(0));
// The supervisor decides when: Ctrl-C reaches the whole process group.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => {
  say(`${behaviour ?? ''} ends`);
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
process.on('message', () => undefined);

if (behaviour === 'crash') {
  process.exit(3);
}
if (behaviour === 'serve') {
  const url = `http://127.0.0.1:${process.env['PORT'] ?? ''}`;
  server.listen(Number(process.env['PORT']), '127.0.0.1', () =>
    process.send?.({ type: 'ready', urls: [{ name: 'API', url }] }),
  );
} else {
  server.listen(0, '127.0.0.1', () => process.send?.({ type: 'ready', urls: [] }));
}
