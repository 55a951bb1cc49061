/** For tests: a real thing of which some methods are others. */
export const overriding = <T extends object>(real: T, methods: Partial<T>): T =>
  new Proxy(real, {
    get: (target, name) => {
      const found: unknown = Object.hasOwn(methods, name) ? methods[name as keyof T] : Reflect.get(target, name);
      return typeof found === 'function' ? (found.bind(target) as unknown) : found;
    },
  });
