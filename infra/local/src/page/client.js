// How the pages here call the API as a front end does.

const token = document.getElementById("token");
const notice = document.getElementById("notice");

export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export function say(text) {
  notice.textContent = text ?? "";
  notice.hidden = !text;
}

/** A call of the API by whoever the access token is; a problem becomes an error in its own words. */
export async function api(method, path, body, more = {}) {
  const headers = { "accept-language": navigator.language, ...more };
  if (body) headers["content-type"] = "application/json";
  if (token.value) headers.authorization = `Bearer ${token.value.trim()}`;
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) {
    const fields = (answer.errors ?? []).map((error) => error.detail).join(" ");
    throw new Error(fields || answer.detail || answer.title);
  }
  return answer;
}
