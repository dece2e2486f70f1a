// Preloaded into a connector: makes it fail in a way that no code handles.
process.on("SIGUSR2", () => {
  throw new Error("provoked exception");
});
process.on("SIGHUP", () => {
  void Promise.reject(new Error("provoked rejection"));
});
