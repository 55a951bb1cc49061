import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Authenticator } from './authenticator.js';
import { CredentialCheck } from './credential-check.js';
import { RoleGuard } from './role-guard.js';
import { SessionController } from './session.controller.js';
import { Sessions } from './sessions.js';

@Module({
  controllers: [SessionController],
  providers: [Authenticator, CredentialCheck, Sessions, { provide: APP_GUARD, useClass: RoleGuard }],
  exports: [Authenticator, CredentialCheck],
})
export class AuthModule {}
