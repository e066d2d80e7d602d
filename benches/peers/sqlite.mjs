// SQLite at the work of benches/commits.rs: WAL, synchronous=FULL, one writer, one transaction for
// each commit.
// node sqlite.mjs DATABASE KEYS VALUE_BYTES KEYS_OF_A_CALLER
// A line of "CALLERS MILLISECONDS" is a round; the answer is a line of JSON: commits, the seconds they
// took, and the microseconds of CPU.
import { createInterface } from "node:readline";
import Database from "better-sqlite3";

const [path, ...numbers] = process.argv.slice(2);
const [keys, valueBytes, keysOfACaller] = numbers.map(Number);
const db = new Database(path);
db.pragma("journal_mode = WAL");
// The library is built for NORMAL, which syncs at checkpoints alone.
db.pragma("synchronous = FULL");
db.exec("CREATE TABLE records (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID");
const put = db.prepare("INSERT OR REPLACE INTO records VALUES (?, ?)");
const value = Buffer.alloc(valueBytes, "v");
let written = 0;
const digits = (number, count) => String(number).padStart(count, "0");

const commit = db.transaction((caller, number) => {
  // SQLite neither writes nor syncs what it has already.
  value.writeUInt32BE(written++);
  for (let key = 0; key < keys; key++) {
    const place = digits((number * keys + key) % keysOfACaller, 8);
    put.run(Buffer.from(`session/${digits(caller, 4)}/${place}`), value);
  }
});

function round(callers, milliseconds) {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  let commits = 0;
  while (performance.now() - begun < milliseconds) {
    commit(commits % callers, Math.floor(commits / callers));
    commits++;
  }
  const { user, system } = process.cpuUsage(cpu);
  return { commits, seconds: (performance.now() - begun) / 1000, cpu_micros: user + system };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [callers, milliseconds] = line.split(" ").map(Number);
  console.log(JSON.stringify(round(callers, milliseconds)));
}
