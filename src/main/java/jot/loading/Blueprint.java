package jot.loading;

import jot.checkpoint.Checkpoint;
import jot.checkpoint.CheckpointFormatException;
import jot.model.Architecture;
import jot.model.family.Config;
import jot.model.family.Family;
import jot.model.family.HeadReading;
import jot.model.family.Role;
import jot.model.family.TensorTable;

/**
 * What a configuration says of a model, all of it: its blueprint and the names of its tensors.
 *
 * @param architecture the blueprint
 * @param table the names
 */
record Blueprint(Architecture architecture, TensorTable table) {

    /** Reads the family's part and then the head that the weights were trained with. */
    static Blueprint of(Family family, Config config, Checkpoint checkpoint) throws CheckpointFormatException {
        Architecture architecture = family.architecture(config, checkpoint);
        TensorTable table = family.tensors(config);
        return new Blueprint(architecture.withHead(HeadReading.of(config, architecture.head(), () -> table.storedName(Role.HEAD,
                checkpoint.names()).isPresent())),
                table);
    }
}
