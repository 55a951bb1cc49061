import { StampNameSchema } from '@lapidary/contracts/api/common';
import {
  PlansRequestSchema,
  PlansSchema,
  ProvisionPlanSchema,
  type Plans as PlansView,
  type PlansRequest,
  type ProvisionPlan,
} from '@lapidary/contracts/api/provisioning';
import { ProvisionRequestSchema, type ProvisionRequest } from '@lapidary/contracts/api/stamps';
import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAnswers } from '../openapi/api-answers.js';
import { Plans } from './plans.js';

@Controller('v1')
export class PlanController {
  constructor(private readonly plans: Plans) {}

  @Get('stamps/:name/plan')
  @ApiAnswers({
    summary: 'What provisioning this stamp would change now, resource by resource',
    tag: 'stamps',
    answers: { 200: ProvisionPlanSchema },
  })
  async plan(@Param('name', { schema: StampNameSchema }) name: string): Promise<ProvisionPlan> {
    return await this.plans.plan(name, {});
  }

  @Post('stamps/:name/plan')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'What provisioning this stamp would change with what is asked for here',
    description: 'The same answer as POST /v1/stamps/:name/provision?dryRun=true. Nothing is written.',
    tag: 'stamps',
    answers: { 200: ProvisionPlanSchema },
  })
  async planWith(
    @Param('name', { schema: StampNameSchema }) name: string,
    @Body({ schema: ProvisionRequestSchema.nullish() }) body: ProvisionRequest | null | undefined,
  ): Promise<ProvisionPlan> {
    return await this.plans.plan(name, body ?? {});
  }

  @Post('plans')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Plans of all stamps of a region, those that only have a file included',
    description:
      'Resources come without their properties; the plan of one stamp has them. Nothing is written. A stamp that can’t be planned is told with its problem; the others are planned all the same.',
    tag: 'stamps',
    answers: { 200: PlansSchema },
  })
  async fleet(@Body({ schema: PlansRequestSchema.nullish() }) body: PlansRequest | null | undefined): Promise<PlansView> {
    return await this.plans.fleet(body ?? {});
  }
}
