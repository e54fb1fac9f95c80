// A second opinion on the fake org: jsforce, as it is, reads what others wrote and writes what others read.
//
// Usage: node jsforce_witness.cjs FOLDER URL TOKEN QUERY < rows.json > said.json
// FOLDER is where `npm install jsforce` was run; QUERY says what is read; the rows, if any, are upserted as Leads.

const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const [folder, url, token, query] = process.argv.slice(2);
const { Connection } = createRequire(join(folder, "witness.cjs"))("jsforce");

async function main() {
  const { key, rows } = JSON.parse(readFileSync(0, "utf8"));
  const connection = new Connection({ instanceUrl: url, accessToken: token, version: "64.0" });
  const described = await connection.sobject("Lead").describe();
  const seen = await connection.query(query, { autoFetch: true, maxFetch: 1000000 });
  const results = rows.length && (await connection.bulk2.loadAndWaitForResults({
    object: "Lead",
    operation: "upsert",
    externalIdFieldName: key,
    input: rows,
    pollInterval: 20,
    pollTimeout: 20000,
  }));
  process.stdout.write(
    JSON.stringify({ fields: described.fields.map(({ name }) => name), seen: seen.records, results })
  );
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
