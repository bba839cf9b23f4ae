// A worker of Sinfonia's in Node, as Restate's service is: fetches jobs by long poll, does them, completes what is done
// in batches and takes the jobs that follow from the same answer. Arguments: port of the server, completers.
import http from "node:http";

const [port, completers] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, noDelay: true });
const topics = [{ type: "passo", variables: ["fatti"] }];
const worker = "node";

const post = (path, body) =>
  new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    const request = http.request({ port, host: "127.0.0.1", path, method: "POST", headers, agent }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => {
        const answer = Buffer.concat(parts).toString();
        response.statusCode === 200 ? resolve(JSON.parse(answer)) : reject(new Error(answer));
      });
    });
    request.on("error", reject);
    request.end(text);
  });

const queue = [];
const idle = [];
const offer = (jobs) => {
  queue.push(...jobs);
  while (queue.length > 0 && idle.length > 0) idle.pop()();
};
const work = (job) => ({ id: job.id, variables: { fatti: (job.variables.fatti ?? 0) + 1 } });

const fetcher = async () => {
  for (;;) offer((await post("/orchestrator/jobs/fetch", { worker, topics, maxJobs: 256, waitMs: 10_000 })).items);
};
const completer = async () => {
  for (;;) {
    while (queue.length === 0) await new Promise((resolve) => idle.push(resolve));
    const jobs = queue.splice(0, 64).map(work);
    offer((await post("/orchestrator/jobs/complete", { worker, jobs, next: { topics } })).next);
  }
};
// When the server goes away the worker ends.
const end = () => process.exit(0);
Promise.all([fetcher(), ...Array.from({ length: completers }, completer)]).catch(end);
