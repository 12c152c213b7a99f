// Requests to the control API that return when they are answered: a mistake in a scenario is an error
// at the line that wrote it, and nothing has to be awaited. A worker thread sends them.
import { MessageChannel, type MessagePort, Worker, receiveMessageOnPort } from "node:worker_threads";

const SECONDS = 10;

const WORKER = `
const { workerData } = require("node:worker_threads");
const http = require("node:http");
const { port, flag } = workerData;
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
function done(message) {
  port.postMessage(message);
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
}
function send({ url, method, headers, body }, attempt) {
  const request = http.request(url, { method, headers, agent }, (response) => {
    const chunks = [];
    response.on("data", (chunk) => chunks.push(chunk));
    response.on("end", () => done({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
  });
  request.on("error", (error) => {
    if (error.code === "ECONNRESET" && request.reusedSocket && attempt < 2) send(arguments[0], attempt + 1);
    else done({ status: 0, text: error.code || error.message });
  });
  request.end(body);
}
port.on("message", (message) => send(message, 0));
`;

interface Channel {
  port: MessagePort;
  flag: Int32Array;
}

export interface SyncResponse {
  /** 0 if there was no response; then `text` is the code of the error. */
  status: number;
  text: string;
}

let channel: Channel | undefined;

function open(): Channel {
  const { port1, port2 } = new MessageChannel();
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(WORKER, {
    eval: true,
    workerData: { port: port2, flag },
    transferList: [port2],
    env: {},
    execArgv: [],
  });
  worker.unref();
  port1.unref();
  return { port: port1, flag };
}

/** Send a request and wait for its response. */
export function requestSync(
  method: string,
  url: string,
  headers: Record<string, string>,
  body: string | undefined,
): SyncResponse {
  channel ??= open();
  const { port, flag } = channel;
  Atomics.store(flag, 0, 0);
  port.postMessage({ method, url, headers, body });
  if (Atomics.wait(flag, 0, 0, SECONDS * 1000) === "timed-out") {
    channel = undefined; // a late response must not answer the next request
    return { status: 0, text: `no response within ${SECONDS} s` };
  }
  return receiveMessageOnPort(port)!.message as SyncResponse;
}
