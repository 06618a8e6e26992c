// What the cases need in the page: sources with names, and a log of what each has fired. `Subject` is the class under
// test, and `extra` what its constructor is always told besides.

window.sources = {};
window.logs = {};

/** A source of the class under test. */
window.make = (url, init) => {
  if (extra) return new Subject(url, { ...init, ...extra });
  return init === undefined ? new Subject(url) : new Subject(url, init);
};

/** Makes a source whose events of these types are logged: the state after it, or what the message says. */
window.watch = (name, url, init, types) => {
  const log = (logs[name] = []);
  const source = (sources[name] = make(url, init));
  for (const type of types) {
    source.addEventListener(type, (event) => {
      log.push(event instanceof MessageEvent ? [type, event.data, event.lastEventId] : [type, source.readyState]);
    });
  }
};

/** What a function throws: its class, its name. */
window.thrown = (work) => {
  try {
    work();
  } catch (error) {
    return [Object.prototype.toString.call(error), error.name];
  }
  return null;
};

/** Resolves with the next event of this type. */
window.next = (source, type) => new Promise((resolve) => source.addEventListener(type, resolve, { once: true }));

/** Closes the sources whose names begin so. */
window.closeAll = (prefix) => {
  for (const name of Object.keys(sources).filter((name) => name.startsWith(prefix))) {
    sources[name].close();
    delete sources[name];
  }
};
