package org.espalier.report;

import java.io.IOException;
import java.io.StringReader;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/** Reads pages as XML. */
public final class Pages {

    private Pages() {}

    /** The page; one that is not well-formed fails the test. */
    public static Document parse(String page) {
        try {
            DocumentBuilder builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
            builder.setErrorHandler(null);
            return builder.parse(new InputSource(new StringReader(page)));
        } catch (SAXException | IOException | ParserConfigurationException e) {
            throw new AssertionError("the page is not well-formed: " + e.getMessage(), e);
        }
    }

    /** All elements of this name inside {@code node}, in order. */
    public static List<Element> all(Node node, String name) {
        NodeList found = node instanceof Document document
                ? document.getElementsByTagName(name)
                : ((Element) node).getElementsByTagName(name);
        return IntStream.range(0, found.getLength())
                .mapToObj(i -> (Element) found.item(i))
                .toList();
    }

    /** The text in each element of this name. */
    public static List<String> text(Node node, String name) {
        return all(node, name).stream().map(Element::getTextContent).toList();
    }
}
