import { oneStop } from './stops/stops.ts';

/** Twenty of each are `npm run stops:router`. */
const stops = 3;

it.each(['fast', 'general'] as const)(
  'a router on the %s path that stops under clients that never cease loses no request',
  async (path) => {
    for (let i = 0; i < stops; i += 1) {
      const { answered, lost } = await oneStop(path);
      expect(lost).toBe(0);
      expect(answered).toBeGreaterThan(100);
    }
  },
  120_000,
);
