// Runs the JavaScript block of docs/n8n.md, as a Code node would, on a delivery: as it came, with a changed body, and late. Prints what
// each one came to. Usage: n8n.mjs PAGE FOLDER NAME
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [page, folder, name] = process.argv.slice(2);
const code = readFileSync(page, 'utf8').match(/^```js\n([^]*?)^```$/m)[1];
const body = readFileSync(`${folder}/${name}.body`);
const headers = JSON.parse(readFileSync(`${folder}/${name}.headers`, 'utf8'));
const env = { WEBHOOK_SECRET: readFileSync(`${folder}/webhook-secret`, 'utf8').trim() };
const AsyncFunction = (async () => {}).constructor;
const node = new AsyncFunction('$input', '$env', 'require', code);

async function run(body, headers) {
  const helpers = { getBinaryDataBuffer: async (item, field) => (item === 0 && field === 'data' ? body : undefined) };
  try {
    const [item] = await node.call({ helpers }, { first: () => ({ json: { headers } }) }, env, createRequire(import.meta.url));
    return item.json.type;
  } catch (error) {
    return error.message;
  }
}

const changed = Buffer.from(body.toString().replace('watch.test', 'Watch.test'));
const late = { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 600) };
console.log([await run(body, headers), await run(changed, headers), await run(body, late)].join('; '));
