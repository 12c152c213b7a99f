// Builds dist/: copies the scripts that redirect Node, fetches the description of the control API from
// a server (FAKEFAL_COMMAND, or fakefal on the PATH), and compiles for ESM and CommonJS.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = `${root}../fakefal/guard/hooks/node`;
if (existsSync(source)) {
  rmSync(`${root}hooks/node`, { recursive: true, force: true });
  cpSync(source, `${root}hooks/node`, { recursive: true });
}
await describe();
execFileSync(process.execPath, [`${root}scripts/generate.mjs`], { stdio: "inherit" });
rmSync(`${root}dist`, { recursive: true, force: true });
const tsc = `${root}node_modules/typescript/bin/tsc`;
for (const [folder, type] of [["esm", "module"], ["cjs", "commonjs"]]) {
  mkdirSync(`${root}dist/${folder}`, { recursive: true });
  writeFileSync(`${root}dist/${folder}/package.json`, `{"type":"${type}"}\n`);
  execFileSync(process.execPath, [tsc, "-p", `${root}tsconfig.${folder}.json`], { stdio: "inherit" });
}

/** Write openapi.json. */
async function describe() {
  const serve = ["serve", "--port", "0", "--ready-json", "--until-stdin-ends", "--quiet"];
  const server = spawn(process.env.FAKEFAL_COMMAND ?? "fakefal", serve, { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  const response = await fetch(`${JSON.parse(line).url}/_fakefal/openapi.json`);
  writeFileSync(`${root}openapi.json`, await response.text());
  server.stdin.end();
  await once(server, "exit");
}
