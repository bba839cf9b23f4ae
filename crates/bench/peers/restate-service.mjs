// The ten-step process as a Restate service: each step is a durable `ctx.run`, done before the next begins.
// Arguments: the folder that holds node_modules, the port to serve on.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// The SDK calls it; Node has it from version 22 on.
Promise.withResolvers ??= function withResolvers() {
  let resolve, reject;
  const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
};

const [folder, port] = process.argv.slice(2);
const resolve = createRequire(`${folder}/package.json`).resolve;
const restate = await import(pathToFileURL(resolve("@restatedev/restate-sdk")).href);

const process10 = restate.service({
  name: "TenSteps",
  handlers: {
    run: async (ctx) => {
      let done = 0;
      for (let step = 1; step <= 10; step++) done = await ctx.run(`step-${step}`, async () => done + 1);
      return done;
    },
  },
});
await restate.serve({ services: [process10], port: Number(port) });
