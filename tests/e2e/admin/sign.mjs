// Makes RSA keys and signs tokens with them, as another program than the one under test would.
//
// Standard input: {"keys": {NAME: KID, ...}, "tokens": [{"key": NAME, "header": {...}, "claims": {...}, "by": HOW}, ...]}.
// `by` is "RS256", "HS256" (with the public key as the secret) or "none". Standard output: {"jwks": {NAME: JWK}, "tokens":
// [TEXT, ...]}.
import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";

const { keys, tokens } = JSON.parse(readFileSync(0, "utf8"));
const pairs = Object.fromEntries(
  Object.keys(keys).map((name) => [name, generateKeyPairSync("rsa", { modulusLength: 2048 })]),
);
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const signature = (text, { key, by }) => {
  const { privateKey, publicKey } = pairs[key];
  if (by === "none") return "";
  if (by === "HS256") {
    const secret = publicKey.export({ type: "spki", format: "pem" });
    return createHmac("sha256", secret).update(text).digest("base64url");
  }
  return createSign("RSA-SHA256").update(text).sign(privateKey, "base64url");
};

const jwks = Object.fromEntries(
  Object.entries(keys).map(([name, kid]) => {
    const { kty, n, e } = pairs[name].publicKey.export({ format: "jwk" });
    return [name, { kid, kty, alg: "RS256", use: "sig", n, e }];
  }),
);
const signed = tokens.map((token) => {
  const text = `${part(token.header)}.${part(token.claims)}`;
  return `${text}.${signature(text, token)}`;
});
console.log(JSON.stringify({ jwks, tokens: signed }));
