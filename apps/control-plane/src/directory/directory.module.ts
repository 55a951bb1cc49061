import { Module } from '@nestjs/common';
import { OutboxModule } from '../outbox/outbox.module.js';
import { DirectoryWorker } from './directory-worker.js';
import { RouteController } from './route.controller.js';

@Module({ imports: [OutboxModule], controllers: [RouteController], providers: [DirectoryWorker] })
export class DirectoryModule {}
