/**
 * The symbols that `using` and `await using` look for. QuickJS does not have them; classes that are defined after this module can name
 * their methods by them. Source: the proposal of explicit resource management.
 */
for (const name of ["dispose", "asyncDispose"] as const) {
  if (Symbol[name] === undefined) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
}

export {};
