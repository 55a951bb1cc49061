import { Module } from '@nestjs/common';
import { EventsController } from './events.controller.js';
import { LiveHub } from './live-hub.js';

@Module({ controllers: [EventsController], providers: [LiveHub] })
export class LiveModule {}
