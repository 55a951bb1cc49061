import { tenantHeader } from '@lapidary/contracts/workload';
import { workloadCredentialsPath } from '@lapidary/contracts/workload-credentials';
import { AppError } from '@lapidary/kernel/app-error';
import { WorkloadCredentials } from '@lapidary/stamp-sdk/collections/workload-credentials';
import { Body, Controller, Headers, HttpCode, Put } from '@nestjs/common';

/** The agent alone comes here: it lets nothing from outside through to this path. */
@Controller()
export class CredentialsController {
  constructor(private readonly credentials: WorkloadCredentials) {}

  @Put(workloadCredentialsPath)
  @HttpCode(204)
  take(@Headers(tenantHeader) tenant: string | undefined, @Body() body: unknown): void {
    if (tenant !== undefined) throw new AppError('not_found', 'There is nothing at this address');
    this.credentials.take(body);
  }
}
