import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { FakeControlPlane } from '@lapidary/testing/fake-control-plane';
import { buildConsole, chromiumArgs, chromiumPath } from './console-fixture.js';

/** Set CONSOLE_SHOTS to a folder to get pictures of what the tests saw. */
const shots = process.env.CONSOLE_SHOTS;

/** Tests that need a browser; without one they say so by name. */
export const inBrowser = (what: string, define: () => void): void =>
  (chromiumPath === undefined ? describe.skip : describe)(
    `${what} (${chromiumPath ?? 'skipped: no Chromium on this machine; set CHROMIUM_PATH'})`,
    define,
  );

/** For tests: the console as it is built from the sources, served by a control plane that tests write, in a browser. */
export class ConsoleBrowser {
  plane!: FakeControlPlane;
  page!: Page;
  /** What the page complained about since it was opened. */
  errors: string[] = [];
  /** What it asked of others than the control plane. */
  foreign: string[] = [];
  private built: Awaited<ReturnType<typeof buildConsole>> | undefined;
  private browser: Browser | undefined;
  private context: BrowserContext | undefined;

  async start(): Promise<void> {
    this.built = await buildConsole();
    this.browser = await chromium.launch({ executablePath: chromiumPath!, args: chromiumArgs });
    if (shots !== undefined) mkdirSync(shots, { recursive: true });
  }

  async end(): Promise<void> {
    await this.browser?.close();
  }

  /** For all tests of a file: each has a page and a control plane of its own, for which `answer` speaks first; `reset` runs before. */
  around(answer: FakeControlPlane['intercept'], reset: () => void): void {
    beforeAll(() => this.start());
    afterAll(() => this.end());
    beforeEach(async () => {
      reset();
      (await this.planeUp()).intercept = answer;
      await this.open();
    });
    afterEach(() => this.close());
  }

  async planeUp(): Promise<FakeControlPlane> {
    this.plane = await new FakeControlPlane((path, response) => this.built!.serve(path, response)).up();
    return this.plane;
  }

  /** A page of its own, instead of the one before. */
  async open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    await this.context?.close();
    this.context = await this.browser!.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    this.page = await this.context.newPage();
    this.errors = [];
    this.foreign = [];
    this.page.on('pageerror', (error) => this.errors.push(error.message));
    this.page.on('console', (message) => message.type() === 'error' && this.errors.push(message.text()));
    this.page.on('request', (request) => {
      if (!request.url().startsWith(this.plane.url) && !request.url().startsWith('data:')) this.foreign.push(request.url());
    });
    return this.page;
  }

  /** Signs in by the address, and waits for the page's heading. */
  async visit(path: string, heading: string): Promise<void> {
    await this.page.goto(`${this.plane.url}${path}#token=${this.plane.token}`);
    await this.page.getByRole('heading', { name: heading, exact: true }).first().waitFor();
  }

  async close(): Promise<void> {
    await this.context?.close();
    this.context = undefined;
    await this.plane.down();
  }

  async shot(name: string, fullPage = false): Promise<void> {
    if (shots !== undefined) await this.page.screenshot({ path: join(shots, `${name}.png`), fullPage });
  }
}
