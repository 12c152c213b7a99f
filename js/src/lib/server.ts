// Finds and starts the server: FAKEFAL_URL, a command, uvx, or the container image.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import hooks from "../../hooks/paths.cjs";

const IMAGE = "fakefal"; // as docs/ci.md builds it; no registry has it yet, so it is never pulled
const START_SECONDS = 30;
const IMAGE_SECONDS = 300;

export interface StartOptions {
  /** Scenario files, or a folder of them, that answer in every test. */
  scenario?: string | string[];
  /** The clock of tenants that choose none. Default: instant. */
  clock?: "instant" | "manual" | "real";
  /** Options of the scenario format, such as `{ subpath: "refuse-405" }`. */
  options?: Record<string, string | number | boolean>;
  /** A command to start, before all others: `["/opt/venv/bin/fakefal"]`. */
  command?: string[];
}

export interface FakeFalServer {
  url: string;
  token: string | null;
  /** Whether this process started it; false: it was found in FAKEFAL_URL. */
  isOwn: boolean;
  /** Variables that redirect another Node program; `key` is that of a test. */
  environment(key?: string): Record<string, string>;
  stop(): Promise<void>;
}

interface Ready {
  kind: "ready";
  version: string;
  url: string;
  token: string | null;
}

interface Candidate {
  what: string;
  command?: string[];
  /** Why it is not started. */
  missing?: string;
}

/** Start a server, or find the one of `fakefal run`; it ends with this process. */
export async function startFakeFal(options: StartOptions = {}): Promise<FakeFalServer> {
  const running = process.env.FAKEFAL_URL;
  if (running) return makeServer({ url: running.replace(/\/$/, ""), token: process.env.FAKEFAL_TOKEN ?? null });
  const tried: string[] = [];
  for (const { what, command, missing } of candidates(options)) {
    if (!command) {
      tried.push(`${what}: ${missing}`);
      continue;
    }
    const started = await start(command, options);
    if (typeof started !== "string") return makeServer(started.ready, started.child);
    tried.push(`${what}: ${started}`);
  }
  throw new Error(
    `fakefal could not be started. Tried:\n${tried.map((line) => `  - ${line}`).join("\n")}\n` +
      "Install it with `pip install fakefal` or `uv tool install fakefal`, or name it: " +
      'startFakeFal({ command: ["/path/to/fakefal"] }).',
  );
}

function candidates(options: StartOptions): Candidate[] {
  const isWindows = process.platform === "win32";
  const name = isWindows ? "fakefal.exe" : "fakefal";
  if (options.command) return [{ what: options.command.join(" "), command: options.command }];
  const own = process.env.FAKEFAL_COMMAND;
  if (own) return [{ what: `FAKEFAL_COMMAND=${own}`, command: [own] }];
  const fromPath = findOnPath(name);
  const found: Candidate[] = [
    fromPath
      ? { what: fromPath, command: [fromPath] }
      : { what: "fakefal on the PATH", missing: "not found" },
  ];
  const folder = isWindows ? "Scripts" : "bin";
  const places = [process.env.VIRTUAL_ENV, ...parents(process.cwd()).map((parent) => join(parent, ".venv"))];
  const inVenv = places.map((place) => place && join(place, folder, name)).find((path) => path && existsSync(path));
  found.push(
    inVenv
      ? { what: inVenv, command: [inVenv] }
      : { what: `a virtual environment (.venv/${folder}/${name}, here or above)`, missing: "not found" },
  );
  for (const [tool, command] of [
    ["uvx", ["uvx", "fakefal"]],
    ["docker", ["docker"]],
  ] as const) {
    const isThere = findOnPath(isWindows ? `${tool}.exe` : tool);
    found.push(isThere ? { what: command.join(" "), command: [...command] } : { what: tool, missing: "not found" });
  }
  return found;
}

function parents(folder: string): string[] {
  const above = join(folder, "..");
  return above === folder ? [folder] : [folder, ...parents(above)];
}

function findOnPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The arguments of `serve`; those of a container mount the scenarios where they are. */
function argumentsFor(command: string[], options: StartOptions): string[] {
  const scenarios = [options.scenario ?? []].flat();
  const serve = ["serve", ...scenarios, "--ready-json", "--until-stdin-ends", "--quiet"];
  serve.push("--clock", options.clock ?? "instant");
  for (const [name, value] of Object.entries(options.options ?? {})) serve.push("--option", `${name}=${value}`);
  if (command[0] !== "docker") return [...command.slice(1), ...serve, "--port", "0"];
  const here = process.cwd();
  const network = process.platform === "linux" ? ["--network", "host"] : ["--publish", "127.0.0.1:8787:8787"];
  const port = process.platform === "linux" ? ["--host", "127.0.0.1", "--port", "0"] : ["--token", "fakefal"];
  return ["run", "--rm", "-i", "--pull", "never", ...network, "-v", `${here}:${here}:ro`, "-w", here, IMAGE, ...serve, ...port];
}

/** Start a command and wait for its line of JSON; a text says why there is none. */
function start(command: string[], options: StartOptions): Promise<{ ready: Ready; child: ChildProcess } | string> {
  return new Promise((resolve) => {
    const env = { ...process.env };
    delete env.NODE_OPTIONS;
    const child = spawn(command[0]!, argumentsFor(command, options), { stdio: ["pipe", "pipe", "pipe"], env });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-2000);
    });
    const seconds = command[0] === "docker" || command[0] === "uvx" ? IMAGE_SECONDS : START_SECONDS;
    const timer = setTimeout(() => {
      child.kill();
      resolve(`not ready within ${seconds} s; ${errors.trim()}`);
    }, seconds * 1000);
    child.once("error", (error) => {
      clearTimeout(timer);
      resolve(error.message);
    });
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      resolve(`ended with ${signal ?? code}${errors.trim() ? `: ${errors.trim()}` : ""}`);
    });
    createInterface({ input: child.stdout }).once("line", (line) => {
      clearTimeout(timer);
      const ready = parseReady(line);
      if (!ready) {
        child.kill();
        resolve(`printed ${JSON.stringify(line)} in place of its address; it may be too old for --ready-json`);
        return;
      }
      release(child);
      resolve({ ready, child });
    });
  });
}

function parseReady(line: string): Ready | undefined {
  try {
    const value = JSON.parse(line) as Ready;
    return value.kind === "ready" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Let this process end while the server runs: its input ends with it, which ends the server. */
function release(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as { unref?(): void })?.unref?.();
  child.stdout?.resume();
}

function makeServer(ready: Pick<Ready, "url" | "token">, child?: ChildProcess): FakeFalServer {
  return {
    url: ready.url,
    token: ready.token,
    isOwn: child !== undefined,
    environment: (key) => environment(ready.url, key),
    stop: () => stop(child),
  };
}

function stop(child?: ChildProcess): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.ref();
    child.once("exit", () => resolve());
    child.stdin?.end();
  });
}

/** What a Node program needs to reach the fake; for others there is `fakefal env --url`. */
export function environment(url: string, key?: string): Record<string, string> {
  const preload = `--require ${JSON.stringify(hooks.preload)}`;
  const options = process.env.NODE_OPTIONS ?? "";
  return {
    FAKEFAL_URL: url,
    FAL_KEY: key ?? process.env.FAL_KEY ?? "fakefal:run",
    NODE_OPTIONS: options.includes(hooks.preload) ? options : `${options} ${preload}`.trim(),
  };
}

/** Redirect this process, and all that it starts: no call can reach the real fal. */
export function redirectProcess(server: FakeFalServer): void {
  const { FAKEFAL_URL, FAL_KEY, NODE_OPTIONS } = server.environment();
  Object.assign(process.env, { FAKEFAL_URL, FAL_KEY, NODE_OPTIONS });
  if (server.token) process.env.FAKEFAL_TOKEN = server.token;
  hooks.install();
}
