// Headers of an answer in which an origin calls itself by its own name. The core decides what the client is told instead
// (`src/proxy/own_name.rs`). It is asked only about headers that are there, because most answers have none of them.
import { renamed } from "./core.js";

const NAMES = ["location", "content-location", "refresh", "link"];

/**
 * What the client is told instead: names and values in turn, and all cookies; `null` where nothing changes.
 * @typedef {{ headers: string[] | null, cookies: string[] | null }} Renamed
 */

/**
 * @param {string} asked the URL that the client asked for
 * @param {string} sent the URL that the origin was asked for
 * @param {Headers} headers of the answer
 * @returns {Renamed}
 */
export function renamedHeaders(asked, sent, headers) {
  /** @type {Renamed} */
  const told = { headers: null, cookies: null };
  for (const name of NAMES) {
    const value = headers.get(name);
    const instead = value === null ? undefined : renamed(asked, sent, name, value);
    if (instead !== undefined) (told.headers ??= []).push(name, instead);
  }
  if (headers.has("set-cookie")) told.cookies = renamedCookies(asked, sent, headers.getSetCookie());
  return told;
}

/**
 * @param {string} asked
 * @param {string} sent
 * @param {string[]} cookies
 */
function renamedCookies(asked, sent, cookies) {
  let isChanged = false;
  const told = cookies.map((cookie) => {
    const instead = renamed(asked, sent, "set-cookie", cookie);
    isChanged ||= instead !== undefined;
    return instead ?? cookie;
  });
  return isChanged ? told : null;
}
