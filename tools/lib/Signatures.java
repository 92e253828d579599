import java.io.IOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.reflect.AccessFlag;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What the compiler reads of a class when it compiles another source that uses it: all but bodies and private members. */
final class Signatures {

    private static final String CONSTANT = " constant ";

    private Signatures() {}

    static String of(Path file) throws IOException {
        ClassModel model = ClassFile.of().parse(file);
        String self = model.thisClass().asInternalName();
        Set<String> lines = new TreeSet<>();
        lines.add("class " + model.flags().flagsMask() + " " + names(model.superclass().stream()) + " "
                + names(model.interfaces().stream()) + " "
                + model.findAttribute(Attributes.signature()).map(generic -> generic.signature())
                + model.findAttribute(Attributes.deprecated()).isPresent());
        model.findAttribute(Attributes.permittedSubclasses())
                .ifPresent(permitted -> lines.add("permits " + names(permitted.permittedSubclasses().stream())));
        model.findAttribute(Attributes.record())
                .ifPresent(record -> lines.add("record " + record.components().stream()
                        .map(component -> component.name() + " " + component.descriptor())
                        .toList()));
        // The flags of a nested class are not all its own: whether it is static or private stands here alone.
        model.findAttribute(Attributes.innerClasses()).stream()
                .flatMap(nested -> nested.classes().stream())
                .filter(nested -> nested.innerClass().asInternalName().equals(self))
                .forEach(nested -> lines.add("nested " + nested.flagsMask()));
        model.fields().forEach(field -> add(field, lines));
        model.methods().forEach(method -> add(method, lines));
        return String.join("\n", lines);
    }

    /** The lines of a signature that hold constants: other sources copy their values. */
    static List<String> constants(String signature) {
        return signature.lines().filter(line -> line.contains(CONSTANT)).toList();
    }

    private static String oneLine(Object value) {
        return value.toString().replace("\n", "\\n");
    }

    private static List<String> names(Stream<ClassEntry> classes) {
        return classes.map(ClassEntry::asInternalName).toList();
    }

    private static void add(FieldModel field, Set<String> lines) {
        if (!field.flags().has(AccessFlag.PRIVATE)) {
            lines.add("field " + field.flags().flagsMask() + " " + field.fieldName() + " " + field.fieldType() + " "
                    + field.findAttribute(Attributes.signature()).map(generic -> generic.signature())
                    + field.findAttribute(Attributes.constantValue())
                            .map(value -> CONSTANT + oneLine(value.constant().constantValue()))
                    + field.findAttribute(Attributes.deprecated()).isPresent());
        }
    }

    private static void add(MethodModel method, Set<String> lines) {
        if (!method.flags().has(AccessFlag.PRIVATE) && !method.methodName().equalsString("<clinit>")) {
            lines.add("method " + method.flags().flagsMask() + " " + method.methodName() + " " + method.methodType() + " "
                    + method.findAttribute(Attributes.signature()).map(generic -> generic.signature())
                    + method.findAttribute(Attributes.exceptions()).map(thrown -> names(thrown.exceptions().stream()))
                    + method.findAttribute(Attributes.deprecated()).isPresent());
        }
    }
}
