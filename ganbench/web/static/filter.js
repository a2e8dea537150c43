// The search of the runs: words and conditions, all of which must hold.
//
//   state:running lr<1e-3 tag:"my sweep" -recipe:mnist,ring8 frechet<=0.2 created>2026-11-01 words
//
// field:text contains, field=text is (both ignore case; commas give alternatives), field!=text is
// not, < <= > >= compare numbers and dates; a minus before a term turns it round. A field is one of
// FIELDS, a parameter by its dotted name or the end of it, a measure (its best value) or a series
// (its last value). What has a blank, a comma or a sign in it is written in "quotes".
export const FIELDS = {
  __proto__: null,
  id: (run) => [run.id],
  name: (run) => [run.name],
  project: (run) => [run.project],
  recipe: (run) => [run.recipe],
  state: (run) => [run.state],
  reason: (run) => [run.reason],
  tag: (run) => run.tags,
  diagnosis: (run) => run.warned,
  created: (run) => [run.created],
  step: (run) => [run.step],
  steps: (run) => [run.steps],
  images: (run) => [run.seen],
  seconds: (run) => [run.seconds],
};
const WORD = /[^\s"]+/y;
const FIELD = /[^\s":=<>!]+/y;
const SIGN = /!=|<=|>=|[:=<>]/y;
const PART = /[^\s",]+/y;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

class Trouble extends Error {
  constructor(message, at) {
    super(`${message}, at character ${at + 1}`);
    this.at = at;
  }
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  get here() { return this.text[this.at]; }

  blanks() { while (this.at < this.text.length && /\s/.test(this.here)) this.at += 1; }

  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found) this.at += found.length;
    return found ?? null;
  }

  // A quoted text, or null if none begins here.
  quoted() {
    if (this.here !== '"') return null;
    const end = this.text.indexOf('"', this.at + 1);
    if (end < 0) throw new Trouble("this quote is never closed", this.at);
    const found = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    return found;
  }

  values() {
    const found = [];
    do {
      if (found.length) this.at += 1; // the comma
      const value = this.quoted() ?? this.take(PART);
      if (value === null) throw new Trouble("a value is missing here", this.at);
      found.push(value);
    } while (this.here === ",");
    return found;
  }

  term() {
    const from = this.at;
    const not = this.here === "-" && /\S/.test(this.text[this.at + 1] ?? " ");
    if (not) this.at += 1;
    const start = this.at;
    const quoted = this.quoted();
    const field = quoted ?? this.take(FIELD);
    const sign = this.take(SIGN);
    if (sign && field === null) throw new Trouble(`a field is missing before ${sign}`, start);
    if (sign) return { from, not, field: field.toLowerCase(), sign, ...this.wanted(field, sign) };
    if (quoted !== null) return { from, not, word: quoted.toLowerCase() };
    this.at = start;
    return { from, not, word: this.take(WORD).toLowerCase() };
  }

  wanted(field, sign) {
    const start = this.at;
    const values = this.values();
    if (!"<=>=".includes(sign) || sign === "=") return { values: values.map((value) => value.toLowerCase()) };
    if (values.length > 1) throw new Trouble(`${field}${sign} takes one value`, start);
    const limit = field.toLowerCase() === "created" ? instant(values[0]) : asNumber(values[0]);
    const kind = field.toLowerCase() === "created" ? "a date like 2026-11-01" : "a number";
    if (Number.isNaN(limit)) throw new Trouble(`${field}${sign} needs ${kind}, not ${values[0]}`, start);
    return { limit };
  }
}

// The terms of a search. Throws an error with `at`, the place of the trouble, and words.
export function parse(text) {
  const reader = new Reader(text);
  const terms = [];
  for (reader.blanks(); reader.at < text.length; reader.blanks()) terms.push(reader.term());
  return terms;
}

// Throws for a field that no run has; `known` are the names in small letters.
export function check(terms, known) {
  for (const { field, from, not } of terms) {
    if (field === undefined || field in FIELDS || known.has(field)) continue;
    const near = [...known, ...Object.keys(FIELDS)].find((name) => name.startsWith(field) || field.startsWith(name));
    throw new Trouble(`no run has “${field}”${near ? `; did you mean ${near}?` : ""}`, from + Number(not));
  }
}

export function matches(terms, run) {
  return terms.every((term) => holds(term, run) !== term.not);
}

function holds({ word, field, sign, values, limit }, run) {
  if (word !== undefined) return run.text.includes(word);
  const found = valuesOf(run, field).filter((value) => value !== null && value !== undefined);
  if (sign === "!=") return !found.some((value) => values.some((wanted) => is(value, wanted)));
  if (sign === "=") return found.some((value) => values.some((wanted) => is(value, wanted)));
  if (sign === ":") return found.some((value) => values.some((wanted) => contains(value, wanted)));
  return found.some((value) => compares(field === "created" ? Date.parse(value) : value, sign, limit));
}

// The values that a field, in small letters, stands for; of a name that ends several parameters, all.
export function valuesOf(run, field) {
  if (field in FIELDS) return FIELDS[field](run);
  const ends = (name) => name.toLowerCase() === field || name.toLowerCase().endsWith(`.${field}`);
  return [
    ...run.flat.filter(([name]) => ends(name)).map(([, value]) => (value === null ? "null" : value)),
    ...Object.entries(run.best).filter(([key]) => key.split(" ")[0].toLowerCase() === field).map(([, best]) => best.value),
    ...Object.entries(run.last).filter(([name]) => ends(name)).map(([, [last]]) => last),
  ];
}

// All names that `valuesOf` knows for a run, in small letters, the ends of dotted names too.
export function namesOf(run) {
  const dotted = [...run.flat.map(([name]) => name), ...Object.keys(run.last)];
  const ends = dotted.flatMap((name) => {
    const parts = name.toLowerCase().split(".");
    return parts.map((_, i) => parts.slice(i).join("."));
  });
  return [...ends, ...Object.keys(run.best).map((key) => key.split(" ")[0].toLowerCase())];
}

function asText(value) {
  return (typeof value === "object" ? JSON.stringify(value) : String(value)).toLowerCase();
}

function is(value, wanted) {
  if (typeof value === "number" && NUMBER.test(wanted)) return value === Number(wanted);
  return asText(value) === wanted;
}

function contains(value, wanted) {
  if (typeof value === "number") return is(value, wanted);
  return asText(value).includes(wanted);
}

function compares(value, sign, limit) {
  const x = typeof value === "number" ? value : asNumber(value);
  if (sign === "<") return x < limit;
  if (sign === "<=") return x <= limit;
  return sign === ">" ? x > limit : x >= limit;
}

// NaN and the infinities come as words.
export function asNumber(value) {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return NaN;
  if (/^[+-]?infinity$/i.test(value)) return value.startsWith("-") ? -Infinity : Infinity;
  return NUMBER.test(value) ? Number(value) : NaN;
}

// A day begins here at midnight.
function instant(text) {
  return Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text);
}
