// A process of its own, started by download.ts so that a download that hangs can be ended: fetches the mongod
// `<version>` into `<folder>` and prints its path as the last line.
import { MongoBinary } from 'mongodb-memory-server-core';

const [version, downloadDir] = process.argv.slice(2);
if (version === undefined || downloadDir === undefined) {
  throw new Error('Give a version and a folder');
}
const path = await MongoBinary.getPath({ version, downloadDir, checkMD5: true });
process.stdout.write(`\n${path}\n`);
