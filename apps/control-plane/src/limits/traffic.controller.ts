import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { TrafficSchema, type Traffic } from '@lapidary/contracts/api/traffic';
import { Controller, Get, Param } from '@nestjs/common';
import { ApiAnswers } from '../openapi/api-answers.js';
import { LimitsWorker } from './limits-worker.js';
import { TrafficBoard } from './traffic-board.js';

@Controller('v1/traffic')
export class TrafficController {
  constructor(
    private readonly board: TrafficBoard,
    private readonly worker: LimitsWorker,
  ) {}

  @Get(':region')
  @ApiAnswers({
    summary: 'Live figures of a region’s routers, by stamp and by the busiest tenants',
    tag: 'limits',
    answers: { 200: TrafficSchema },
  })
  show(@Param('region', { schema: RegionNameSchema }) region: string): Traffic {
    this.worker.own(region);
    return { region, routers: this.board.read() };
  }
}
