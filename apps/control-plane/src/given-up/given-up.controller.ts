import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { GivenUpRegionSchema, GiveUpRegionSchema, type GivenUpRegion, type GiveUpRegion } from '@lapidary/contracts/api/given-up-regions';
import { everyRegion } from '@lapidary/contracts/api/tokens';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Body, Controller, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import '../auth/request-augmentation.js';
import { requireRoleHere } from '../auth/principal.js';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { AskOthers } from './ask-others.js';
import { declareLost } from './declare.js';

@Controller('v1/regions')
export class GivenUpController {
  constructor(
    private readonly runner: CommandRunner,
    private readonly others: AskOthers,
    private readonly clock: HybridLogicalClock,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Post(':name/give-up')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Give up a region that is lost for good: its tenants become another region’s, its stamps are retired',
    description:
      'Handled where it is asked, by an admin of all regions. Refused while the region answers, or while this region or one that can be asked has heard it within ten minutes. Nothing follows from it before every region that remains has agreed; how it stands is in "givenUp" of the region.',
    tag: 'regions',
    answers: { 200: GivenUpRegionSchema },
    idempotent: true,
  })
  async giveUp(
    @Param('name', { schema: RegionNameSchema }) name: string,
    @Body({ schema: GiveUpRegionSchema }) body: GiveUpRegion,
    @Command() request: CommandRequest,
    @Req() { principal }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<GivenUpRegion> {
    requireRoleHere(principal, 'admin', everyRegion);
    await this.others.refuseWhileHeard(name);
    const tools = { clock: this.clock, peers: peersOf(this.config) };
    const answer = await this.runner.run(request, async (tx, context) => ({
      status: 200,
      body: await declareLost(tx, context, tools, name, body),
    }));
    return send(reply, answer);
  }
}
