import { Flights } from './flights.js';

describe('flights', () => {
  it('a drain waits for the tenant’s own flights, not for others', async () => {
    const flights = new Flights();
    const over = flights.enter('acme', () => undefined);
    flights.enter('bolt', () => undefined);
    const drained = flights.drain('acme', 10_000);
    over();
    await drained;
    expect(flights.inFlight).toBe(1);
    await flights.drain('nobody', 10_000);
  });

  it('cuts what does not end in time, and only what was there when the drain began', async () => {
    const flights = new Flights();
    const cuts: string[] = [];
    const overOld = flights.enter('acme', () => {
      cuts.push('old');
      overOld();
    });
    const drained = flights.drain('acme', 20);
    flights.enter('acme', () => cuts.push('young'));
    await drained;
    expect(cuts).toEqual(['old']);
    expect(flights.inFlight).toBe(1);
  });

  it('does not wait for ever for a flight that can’t be cut', async () => {
    const flights = new Flights();
    flights.enter('acme', () => undefined);
    await flights.drain('acme', 0);
    await flights.drainAll(0);
    expect(flights.inFlight).toBe(1);
  });

  it('counts an end once', () => {
    const flights = new Flights();
    const over = flights.enter('acme', () => undefined);
    over();
    over();
    expect(flights.inFlight).toBe(0);
  });
});
