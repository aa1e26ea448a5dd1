// Pictures of the status page for the documents: `node pictures.mjs ADDRESS FOLDER`.

import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [root, folder] = process.argv.slice(2);
const require = createRequire(join(process.env.NODE_PATH, "x.js"));
const { chromium } = require("playwright-core");

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
for (const colorScheme of ["light", "dark"]) {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1000, height: 1020 } });
  await page.goto(`${root}/`);
  await page.screenshot({ path: join(folder, `status-${colorScheme}.png`) });
}
await browser.close();
