import { z } from 'zod';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authenticator } from '../auth/authenticator.js';
import { presentCaller } from '../auth/present-caller.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { LiveHub } from './live-hub.js';
import { LiveStream, typeFilter } from './live-stream.js';

const EventsQuerySchema = z.object({
  types: z
    .string()
    .max(2_000)
    .optional()
    .meta({ description: 'Event types, separated by commas; one that ends in * stands for all that begin so' }),
});

@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly hub: LiveHub,
    private readonly authenticator: Authenticator,
  ) {}

  @Get()
  @ApiAnswers({
    summary: 'Everything that happens, as server-sent events (LiveEvent as data)',
    description:
      'Resumes at Last-Event-ID. "lapidary.reset" is sent instead of events that are gone: read everything again. Events of other regions come as they are applied here. Ends some 15 s after its token does.',
    tag: 'events',
    answers: { 200: null },
  })
  async events(
    @Query({ schema: EventsQuerySchema }) query: z.infer<typeof EventsQuerySchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const caller = presentCaller(this.authenticator, request);
    await caller();
    reply.hijack();
    const out = reply.raw;
    const headers = {
      ...reply.getHeaders(),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    };
    out.writeHead(200, headers as Record<string, string>);
    const last = request.headers['last-event-id'];
    const stream = new LiveStream(out, typeFilter(query.types));
    const leave = this.hub.join(stream, caller, typeof last === 'string' && last !== '' ? last : undefined);
    out.once('close', leave);
    out.once('error', leave);
  }
}
