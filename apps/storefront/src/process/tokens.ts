/** Injection token of the parsed configuration; `DataSource` is injected by its class. */
export const CONFIG = Symbol('StorefrontConfig');
