/** What is used of WebAssembly: the compiler's own types of it come with those of browsers. */
declare namespace WebAssembly {
  class Memory {
    constructor(bounds: { readonly initial: number; readonly maximum: number });
    readonly buffer: ArrayBuffer;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class CompileError extends Error {}
}
