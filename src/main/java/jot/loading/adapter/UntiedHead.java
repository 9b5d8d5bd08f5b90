package jot.loading.adapter;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

import jot.checkpoint.DataType;
import jot.checkpoint.Tensor;

/**
 * Tensors of a model whose head is the token embedding, with the head under a name of its own, so that an adapter may change one of the
 * two.
 *
 * @param source the tensors
 * @param head the name for the head; a tensor of that name that the files have beside a tied embedding does not count
 * @param embedding the name of the token embedding
 */
record UntiedHead(WeightSource source, String head, String embedding) implements WeightSource {

    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>(source.names());
        names.add(head);
        return names;
    }

    @Override
    public Tensor tensor(String name) {
        return name.equals(head) ? source.tensor(embedding).named(head) : source.tensor(name);
    }

    @Override
    public long[] shape(String name) {
        return source.shape(name.equals(head) ? embedding : name);
    }

    @Override
    public DataType dataType(String name) {
        return source.dataType(name.equals(head) ? embedding : name);
    }

    @Override
    public Path file(String name) {
        return source.file(name.equals(head) ? embedding : name);
    }

    @Override
    public Path file() {
        return source.file();
    }

    @Override
    public Set<String> added() {
        return source.added();
    }
}
