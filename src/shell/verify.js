// The arithmetic of signatures, which the runtime does itself. `access.rs` declares this function to Rust.

const RS256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

/**
 * Whether a text was signed by an RSA key with RS256. What is no key or no signature has signed nothing.
 * @param {string} n the key's modulus, in Base64 of the URL-safe kind
 * @param {string} e its exponent, likewise
 * @param {string} signed
 * @param {string} signature likewise
 */
export async function isSigned(n, e, signed, signature) {
  try {
    const jwk = { kty: "RSA", alg: "RS256", n, e };
    const key = await crypto.subtle.importKey("jwk", jwk, RS256, false, ["verify"]);
    return await crypto.subtle.verify(RS256, key, bytesOf(signature), new TextEncoder().encode(signed));
  } catch {
    return false;
  }
}

/** @param {string} text */
function bytesOf(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
