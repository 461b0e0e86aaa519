"use strict";
/*
 * What a script adds to pages that work without one: a search that filters as one
 * types, a preview in its place, a download that is followed.  Values come in as text
 * nodes, or as parts of a page that the server has escaped.
 */
(() => {
  const POLL_MS = 1000;
  /* As long as a run may wait for its slot and its first row, before nothing is known of it. */
  const UNKNOWN_POLLS = 60;
  const own = new URL(document.currentScript.src);
  const byId = (id) => document.getElementById(id);
  const number = (n) => Number(n).toLocaleString("en");

  /* ---- the list */

  function startSearch(input, list) {
    const items = Array.from(list.children, (item) => [item, item.textContent.toLowerCase()]);
    const count = byId("count");

    function filter() {
      const words = input.value.toLowerCase().split(" ").filter(Boolean);
      let shown = 0;
      for (const [item, text] of items) {
        const hit = words.every((word) => text.includes(word));
        item.hidden = !hit;
        shown += hit;
      }
      count.textContent = shown === items.length
        ? number(shown) + (shown === 1 ? " export" : " exports")
        : number(shown) + " of " + number(items.length) + " exports";
    }
    /* What the server has left out already does not come back by typing: then it searches. */
    if (input.defaultValue !== "") return;
    input.addEventListener("input", filter);
    input.form.addEventListener("submit", (event) => event.preventDefault());
    byId("find").hidden = true;
    if (input.value !== "") filter();
  }

  /* ---- the page of an export */

  function randomId() {
    if (crypto.randomUUID) return crypto.randomUUID();
    /* Only a page by https has randomUUID(). RFC 9562, section 5.4. */
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  /* The address of the page or, with another ending, of the file, with what is entered. */
  function address(form, ending) {
    const url = new URL(form.action);
    url.search = "";
    url.pathname = url.pathname.replace(/html$/, ending);
    for (const [name, value] of new FormData(form)) {
      const at = name === "_filter" && ending !== "html" ? value.indexOf("=") : -1;
      if (at > 0) url.searchParams.append(value.slice(0, at), value.slice(at + 1));
      else if (value !== "" && name !== "_do" && name !== "_format") url.searchParams.append(name, value);
    }
    return url;
  }

  function showCurl(form) {
    const line = byId("curl");
    line.textContent = line.dataset.start + " '" + address(form, byId("format").value).href + "'";
  }

  function startCopy() {
    const button = byId("copy");
    const line = byId("curl");

    button.hidden = false;
    button.addEventListener("click", async () => {
      let done = false;
      try {
        await navigator.clipboard.writeText(line.textContent);
        done = true;
      } catch {
        /* Only a page by https has a clipboard. */
        getSelection().selectAllChildren(line);
        done = document.execCommand("copy");
      }
      byId("copied").textContent = done ? "Copied." : "Select the line and copy it.";
    });
  }

  /* Takes over from an answer what it says: the problem, which field is wrong, the rows. */
  function takeOver(answer) {
    for (const id of ["problem", "result"]) {
      const part = answer.getElementById(id);
      if (part) byId(id).replaceWith(document.adoptNode(part));
    }
    for (const place of document.querySelectorAll(".wrong")) {
      const said = answer.getElementById(place.id);
      const field = byId(place.id.replace("wrong-", "in-"));
      place.textContent = said ? said.textContent : "";
      if (place.textContent) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
    const target = document.querySelector('[aria-invalid="true"]') || byId("result-title");
    if (target) target.focus();
  }

  function problem(text) {
    const notice = document.createElement("p");
    notice.className = "notice bad";
    notice.textContent = text;
    byId("problem").replaceChildren(notice);
  }

  /* An answer that is no page of an export says this: a problem's detail, or a proxy's status. */
  function refusal(text, status) {
    try {
      return new Error(JSON.parse(text).detail, { cause: "answer" });
    } catch {
      return new Error("The server answered with status " + status + ".", { cause: "answer" });
    }
  }

  function tellWhy(error) {
    problem(error.cause === "answer" ? error.message : "The server does not answer.");
  }

  /* The server's answer to one of the form's buttons; null when it leads to a file. */
  async function ask(form, action) {
    const url = address(form, "html");
    history.replaceState(null, "", url);
    url.searchParams.set("_format", byId("format").value);
    url.searchParams.set("_do", action);
    const response = await fetch(url, { redirect: "manual" });
    if (response.type === "opaqueredirect") return null;
    const text = await response.text();
    const answer = new DOMParser().parseFromString(text, "text/html");
    if (!answer.getElementById("problem")) throw refusal(text, response.status);
    return answer;
  }

  async function preview(form, button) {
    button.disabled = true;
    byId("problem").replaceChildren();
    byId("result").setAttribute("aria-busy", "true");
    try {
      takeOver(await ask(form, "preview"));
    } catch (error) {
      tellWhy(error);
    }
    byId("result").removeAttribute("aria-busy");
    button.disabled = false;
  }

  /* ---- a download */

  function size(bytes) {
    const units = ["bytes", "kB", "MB", "GB", "TB"];
    let i = 0;
    for (; bytes >= 1024 && i < units.length - 1; i++) bytes /= 1024;
    return (i === 0 ? number(bytes) : bytes.toFixed(1)) + " " + units[i];
  }

  function tell(text) {
    /* A live region: the same words again would be read again. */
    if (byId("told").textContent !== text) byId("told").textContent = text;
  }

  const final = {
    complete: (run) => "The file is whole: " + number(run.rows) + " rows, " + size(run.bytes) + ".",
    failed: (run) => "The export failed, and what was downloaded is not whole: " + run.error.detail,
    cancelled: (run) => "The export was cancelled, and what was downloaded is not whole.",
  };

  /* true: there is nothing more to come. */
  function show(run) {
    const bar = byId("progress").querySelector("progress");
    const ended = final[run.state];
    const figures = [];

    if (run.state === "queued") tell("Waiting for a free place …");
    else tell(ended ? ended(run) : "Downloading …");
    if (run.state !== "queued" && !ended) {
      figures.push(number(run.rows) + (run.estimated_rows > 0 ? " of about " + number(run.estimated_rows) : "") + " rows");
      figures.push(size(run.bytes));
    }
    if (run.sha256) figures.push("SHA-256 " + run.sha256);
    byId("figures").textContent = figures.join(", ");
    bar.hidden = Boolean(ended);
    if (run.estimated_rows > run.rows) {
      bar.max = run.estimated_rows;
      bar.value = run.rows;
    } else {
      bar.removeAttribute("value");
    }
    byId("progress").className = run.state === "complete" ? "notice good" : ended ? "notice bad" : "card";
    return Boolean(ended);
  }

  let following = 0;

  async function follow(id) {
    const turn = ++following;
    const url = new URL("../runs/" + id, own);
    let unknown = 0;

    while (turn === following && unknown < UNKNOWN_POLLS) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      try {
        const response = await fetch(url);
        if (turn !== following) return;
        if (response.ok && show(await response.json())) return;
        unknown = response.ok ? 0 : unknown + 1;
      } catch {
        tell("The server does not answer; trying again …");
        unknown++;
      }
    }
    if (turn === following) tell("Nothing is known of this download.");
  }

  /* A frame, not this page: an answer that is no file is not to take the form's place. */
  function fetchFile(url) {
    const frame = document.createElement("iframe");
    document.querySelector("iframe")?.remove();
    frame.title = "Download";
    frame.addEventListener("load", () => {
      following++;
      byId("progress").hidden = true;
      try {
        problem(JSON.parse(frame.contentDocument.body.textContent).detail);
      } catch {
        problem("The server did not send a file.");
      }
    });
    frame.src = url;
    document.body.append(frame);
  }

  async function download(form) {
    const id = randomId();
    let answer;

    byId("problem").replaceChildren();
    try {
      answer = await ask(form, "download");
    } catch (error) {
      return tellWhy(error);
    }
    if (answer) return takeOver(answer);
    const url = address(form, byId("format").value);
    url.searchParams.set("_run", id);
    byId("progress").hidden = false;
    byId("progress").className = "card";
    byId("figures").textContent = "";
    tell("Starting …");
    fetchFile(url.href);
    follow(id);
  }

  function startForm(form) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (event.submitter && event.submitter.value === "preview") preview(form, event.submitter);
      else download(form);
    });
    form.addEventListener("input", () => showCurl(form));
    showCurl(form);
    startCopy();
  }

  if (byId("q") && byId("list")) startSearch(byId("q"), byId("list"));
  if (byId("form")) startForm(byId("form"));
})();
