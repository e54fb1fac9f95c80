// Server-sent events over fetch: `EventSource` cannot send the key, and would retry an answer that will not change.

const SILENCE_MS = 60_000; // The server pings several times in this time; silence means a dead connection.

/** Takes the text of an event stream in pieces of any size and gives out the events that are complete. */
export class EventParser {
  #rest = "";
  #event = { data: [] };
  /** The place in the stream to ask for more behind. A stream may name one before it has any event to tell. */
  lastId = null;

  /** Forgets half an event: on a new connection it comes again as a whole. */
  restart() {
    this.#rest = "";
    this.#event = { data: [] };
  }

  *push(text) {
    this.#rest += text;
    // A CR at the end of a piece may be half of a CR LF.
    for (let end; (end = /\r\n|\n|\r(?!$)/.exec(this.#rest)); ) {
      const line = this.#rest.slice(0, end.index);
      this.#rest = this.#rest.slice(end.index + end[0].length);
      const event = line === "" ? this.#complete() : this.#field(line);
      if (event) yield event;
    }
  }

  #field(line) {
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (name === "data") this.#event.data.push(value);
    else if (name === "event") this.#event.kind = value;
    else if (name === "id" && !value.includes("\0")) this.#event.id = value;
  }

  #complete() {
    const { data, kind = "message", id } = this.#event;
    this.#event = { data: [] };
    this.lastId = id ?? this.lastId;
    return data.length ? { kind, data: data.join("\n") } : null;
  }
}

/**
 * Follows a stream until `signal` ends it or the server refuses for good; a broken connection is taken up again behind
 * the last event seen.
 *
 * `open(lastId, signal)` answers with the response; `onEvent(event)` gets `{kind, data}`; `onState(state)` gets
 * `connecting`, `live`, `retrying` or, at the end, `refused`.
 */
export async function follow(open, { onEvent, onState, signal, pause = 3000 }) {
  const parser = new EventParser();
  onState("connecting");
  while (!signal.aborted) {
    try {
      parser.restart();
      const response = await open(parser.lastId, signal);
      onState("live");
      await read(response, parser, onEvent, SILENCE_MS);
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === 400 && parser.lastId !== null) {
        parser.lastId = null; // The server no longer knows the place: its store was made anew.
      } else if (isFinal(error.status)) {
        onState("refused");
        return;
      } else if (!(error instanceof Silence) && error.status === undefined) {
        console.warn("the event stream broke", error);
      }
    }
    if (signal.aborted) return;
    onState("retrying");
    await rest(pause, signal);
  }
}

/** Reads what a stream has to tell from its beginning, until it ends or has been quiet for a moment. */
export async function readPast(open, onEvent, quietMs = 700) {
  const leaving = new AbortController();
  try {
    await read(await open(null, leaving.signal), new EventParser(), onEvent, quietMs);
  } catch (error) {
    if (!(error instanceof Silence)) throw error;
  } finally {
    leaving.abort();
  }
}

class Silence extends Error {}

const isFinal = (status) => status >= 400 && status < 500 && ![408, 425, 429].includes(status);

async function read(response, parser, onEvent, silenceMs) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await orSilence(reader.read(), silenceMs);
      if (done) return;
      for (const event of parser.push(value)) onEvent(event);
    }
  } finally {
    // Also reached after silence: the connection must not stay open beside its successor.
    reader.cancel().catch(() => {});
  }
}

function orSilence(reading, milliseconds) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Silence()), milliseconds);
  });
  return Promise.race([reading, silence]).finally(() => clearTimeout(timer));
}

/** Waits, but no longer than until the network is back or the reader has gone. */
function rest(milliseconds, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}
