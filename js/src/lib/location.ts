import { dirname, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The line outside this package that called it: `test/poster.test.ts:12`; empty if unknown. */
export function callerLocation(): string {
  const own = packageFolder();
  for (const line of String(new Error("where").stack).split("\n").slice(1)) {
    const match = /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*?):(\d+):\d+\)?$/.exec(line.trim());
    if (!match || line.includes("node:")) continue;
    const path = match[1]!.startsWith("file://") ? fileURLToPath(match[1]!) : match[1]!;
    if (own && path.startsWith(own)) continue;
    return `${relative(process.cwd(), path).split(sep).join("/")}:${match[2]}`;
  }
  return "";
}

let folder: string | undefined;

/** The folder of these files, from the first frame of a stack: ESM and CommonJS have no common way. */
function packageFolder(): string {
  if (folder === undefined) {
    const match = /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*?):\d+:\d+\)?$/m.exec(String(new Error("here").stack));
    const path = match?.[1] ?? "";
    folder = path ? dirname(path.startsWith("file://") ? fileURLToPath(path) : path) : "";
  }
  return folder;
}
