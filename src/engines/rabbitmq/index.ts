export { RabbitMqEngine, type RabbitMqOptions } from './engine.ts'
export { Link, type LinkOptions } from './link.ts'
export { type Names, namesOf } from './names.ts'
export { type Removal, removeQueue } from './remove.ts'
