/** The rows that one read returns at most; Supabase returns up to 1,000. */
const pageSize = 500;
/** How many past events the page begins with. */
const firstPage = 50;
const retryMs = 300;
/** After so many reads that do not find a missing event, it is taken for removed. */
const maxTries = 10;

/**
 * The events of a tenant in order and without gaps. Realtime may lose some; their numbers (`seq`) show
 * it, and the list then reads what is missing from the database.
 */
export class EventList {
  #supabase;
  #show;
  /** @type {number | undefined} The number of the last event shown. */
  #last;
  /** @type {Map<number, any>} Events that came before an earlier one was there, by number. */
  #early = new Map();
  #isReading = false;
  #mustReadAgain = false;

  /**
   * @param {import("@supabase/supabase-js").SupabaseClient} supabase
   * @param {(event: any) => void} show is called with each event, oldest first
   */
  constructor(supabase, show) {
    this.#supabase = supabase;
    this.#show = show;
  }

  /**
   * Takes an event that came over Realtime.
   * @param {any} event
   */
  async receive(event) {
    this.#early.set(event.seq, event);
    this.#showNext();
    if (this.#early.size > 0 && !this.#isReading) await this.catchUp();
  }

  /** Reads what is not shown yet. Call it after every subscription: Realtime repeats nothing. */
  async catchUp() {
    // What is written while a read runs may be missing in its answer.
    this.#mustReadAgain = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      let tries = 0;
      while (this.#mustReadAgain) {
        this.#mustReadAgain = false;
        const events = await this.#read();
        for (const event of events) this.#early.set(event.seq, event);
        this.#last ??= (events[0]?.seq ?? 1) - 1;
        this.#showNext();
        if (events.length === pageSize) this.#mustReadAgain = true;
        else if (this.#early.size > 0) tries = await this.#waitForGap(tries);
      }
    } finally {
      this.#isReading = false;
    }
  }

  /**
   * An event may be missing for a moment: Realtime can be faster than the commit is to be seen.
   * @param {number} tries
   */
  async #waitForGap(tries) {
    this.#mustReadAgain = true;
    if (tries < maxTries) {
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      return tries + 1;
    }
    this.#last = Math.min(...this.#early.keys()) - 1;
    this.#showNext();
    return 0;
  }

  async #read() {
    const events = this.#supabase.from("event_resources").select();
    const { data, error } =
      this.#last === undefined
        ? await events.order("seq", { ascending: false }).limit(firstPage)
        : await events.gt("seq", this.#last).order("seq").limit(pageSize);
    if (error) throw new Error(error.message);
    return data.toSorted((a, b) => a.seq - b.seq);
  }

  /** Shows the events that follow the last one, and forgets those that were shown. */
  #showNext() {
    if (this.#last === undefined) return;
    for (const seq of this.#early.keys()) if (seq <= this.#last) this.#early.delete(seq);
    let next = this.#early.get(this.#last + 1);
    while (next !== undefined) {
      this.#last = next.seq;
      this.#early.delete(next.seq);
      this.#show(next);
      next = this.#early.get(next.seq + 1);
    }
  }
}
