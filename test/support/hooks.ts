// Loaded before every unit and integration test file: gives each mocha worker a database and a key prefix of its own.
// It must run before anything reads the configuration, so it imports nothing of ours.

const worker = process.env['MOCHA_WORKER_ID'] ?? 'main';

process.env['KEY_PREFIX'] = `test-${worker}`;
if (process.env['MONGO_URL'] !== undefined) {
  const url = new URL(process.env['MONGO_URL']);
  url.pathname = `/test-${worker}`;
  process.env['MONGO_URL'] = url.href;
}
