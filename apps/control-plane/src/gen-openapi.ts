import 'reflect-metadata';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { buildDocument } from './openapi/build-document.js';
import { allFeatures } from './process/features.js';
import type { ProcessResources } from './process/resources.js';

/** Writes docs/reference/openapi.json; with --check only says whether it is what would be written. Run from the root. */
const target = join(process.cwd(), 'docs/reference/openapi.json');

/** Preview mode reads modules and controllers and makes nothing of them, so nothing of the process is needed. */
const unused = {} as ProcessResources;

const app = await NestFactory.create<NestFastifyApplication>(AppModule.of(unused, allFeatures), new FastifyAdapter(), {
  preview: true,
  logger: ['error'],
  abortOnError: false,
});
const text = `${JSON.stringify(buildDocument(app), null, 2)}\n`;

if (process.argv.includes('--check')) {
  const present = await readFile(target, 'utf8').catch(() => '');
  if (present !== text) {
    process.stderr.write('docs/reference/openapi.json is not what the controllers say: run "npm run gen"\n');
    process.exitCode = 1;
  }
} else {
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text);
}
