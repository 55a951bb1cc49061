import { lossText, oneStop } from './stops/stops.ts';

/** Twenty of each are `npm run stops:router`. */
const stops = 3;

it.each(['fast', 'general'] as const)(
  'a router on the %s path that stops under clients that never cease loses no request',
  async (path) => {
    for (let i = 0; i < stops; i += 1) {
      const stop = await oneStop(path);
      expect(stop.losses.map((loss) => lossText(loss, stop))).toEqual([]);
      expect(stop.lost).toBe(0);
      expect(stop.answered).toBeGreaterThan(100);
    }
  },
);
