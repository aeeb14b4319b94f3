// As the README of reflare has it: https://github.com/xiaoyang-sde/reflare
import useReflare from "reflare";

let upstream;

const upstreamOf = (origin) => {
  const { hostname, port, protocol } = new URL(origin);
  return { domain: hostname, port: Number(port), protocol: protocol.slice(0, -1) };
};

export default {
  async fetch(request, env) {
    upstream ??= upstreamOf(env.ORIGIN);
    const reflare = await useReflare();
    reflare.push({ path: "/*", upstream });
    return reflare.handle(request);
  },
};
