import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { EventsController } from './events.controller.js';
import { LiveHub } from './live-hub.js';

@Module({ imports: [AuthModule], controllers: [EventsController], providers: [LiveHub] })
export class LiveModule {}
